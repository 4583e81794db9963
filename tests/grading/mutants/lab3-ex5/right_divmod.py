def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    whole, rest = divmod(pictures, batch)
    per_epoch = whole + (1 if rest else 0)
    rate = published_rate * (batch / published_batch)
    return per_epoch * epochs, rate
