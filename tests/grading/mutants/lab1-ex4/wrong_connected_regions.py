# Connected regions of the class, the shortcut that section 7 refutes.
def count_objects(panoptic, things):
    return {
        label: cv2.connectedComponents((panoptic // 1000 == label).astype(np.uint8))[0] - 1
        for label in things
    }
