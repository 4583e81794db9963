# Rounded to the nearest number of batches.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return round(pictures / batch + 0.01) * epochs, published_rate * batch / published_batch
