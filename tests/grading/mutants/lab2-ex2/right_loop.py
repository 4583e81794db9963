def receptive_field(layers):
    width, jump = 1, 1
    for kernel, stride in layers:
        width = width + (kernel - 1) * jump
        jump = jump * stride
    return width


layers = []
for _ in range(4):
    layers += [(3, 1), (3, 1), (2, 2)]
deepest = receptive_field([*layers, (3, 1), (3, 1)])
covers_256 = False
