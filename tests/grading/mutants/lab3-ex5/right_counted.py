def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    steps = sum(len(range(0, pictures, batch)) for _ in range(epochs))
    return steps, published_rate / published_batch * batch
