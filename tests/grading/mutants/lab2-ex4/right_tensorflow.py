import tensorflow as tf


def prepare(image, trimap, size, mirror):
    image = tf.image.resize(image, (size, size), antialias=True)
    mask = tf.image.resize(trimap[..., None], (size, size), method="nearest")
    mask = tf.cast(mask[..., 0], tf.int32) - 1
    if mirror:
        image, mask = tf.reverse(image, [1]), tf.reverse(mask, [1])
    return image, mask
