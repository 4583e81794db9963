def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    steps = epochs * ((pictures + batch - 1) // batch)
    return [steps, batch * published_rate / published_batch]
