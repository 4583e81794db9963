# Half the batch, twice the rate.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate * published_batch / batch
