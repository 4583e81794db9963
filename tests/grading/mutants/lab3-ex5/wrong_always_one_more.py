# One batch too many where it comes out even.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return (pictures // batch + 1) * epochs, published_rate * batch / published_batch
