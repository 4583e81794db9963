# Rounded once for all epochs: 102.5 batches an epoch.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures * epochs // batch), published_rate * batch / published_batch
