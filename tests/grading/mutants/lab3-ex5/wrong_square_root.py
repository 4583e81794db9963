# The square-root rule instead of the linear one.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate * (batch / published_batch) ** 0.5
