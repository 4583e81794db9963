# Every picture is taken for one of Kerbside's size.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / 240, x / 320, (y + h) / 240, (x + w) / 320]
