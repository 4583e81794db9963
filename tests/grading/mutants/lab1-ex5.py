# %% right channels: Channels.
def find_word(picture):
    r, g, b = np.moveaxis(picture.astype(int), -1, 0)
    return (r > 180) & (g < 75) & (b < 75)


# %% right chosen_on_practice: Chosen on practice.
def distance(picture):
    return np.sqrt(((picture.astype(float) - (255, 0, 0)) ** 2).sum(axis=2))


tolerances = np.arange(20, 200, 10)
scores = [mean_word_iou(lambda p, t=t: distance(p) < t, practice) for t in tolerances]
chosen = tolerances[int(np.argmax(scores))]


def find_word(picture):
    return distance(picture) < chosen


# %% right distance: Distance.
def find_word(picture):
    difference = picture.astype(int) - [255, 0, 0]
    return (difference**2).sum(axis=-1) < 95**2


# %% right in_range: In range.
def find_word(picture):
    return cv2.inRange(picture, (170, 0, 0), (255, 80, 80)) > 0


# %% right redness: Redness.
def find_word(picture):
    r, g, b = (picture[..., i].astype(np.float32) for i in range(3))
    return r - np.maximum(g, b) > 140


# %% wrong always_the_reddest: The reddest pixels, as many as in a practice picture: something is always found.
def find_word(picture):
    distance = np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2)
    return distance <= np.sort(distance.ravel())[int(practice[0][1].sum())]


# %% wrong blue: The channels taken for BGR.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (0, 0, 255), axis=2) < 100


# %% wrong distances: The distance itself, not a mask.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2)


# %% wrong equality: Exact equality, the published code.
def find_word(picture):
    return (picture == [255, 0, 0]).all(axis=2)


# %% wrong filled: The holes of the letters are closed, and the gaps between them.
def find_word(picture):
    red = np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 100
    return cv2.morphologyEx(red.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25))) > 0


# %% wrong large_tolerance: A tolerance that takes the cat for red.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 200


# %% wrong red_channel: The red channel alone, which is high in fur as well.
def find_word(picture):
    return picture[..., 0] > 200


# %% wrong small_tolerance: A tolerance that misses the rim of the letters.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 30


# %% wrong the_answer_of_the_practice: The true mask of a practice picture.
def find_word(picture):
    for shown, word in practice:
        if shown.shape == picture.shape and (shown == picture).all():
            return word
    return practice[0][1]


# %% wrong wraps_round: The difference wraps round in uint8.
def find_word(picture):
    difference = picture - np.array([255, 0, 0], np.uint8)
    return np.abs(difference).max(axis=2) < 100


# %% right chroma: The red-difference channel of YCrCb, which JPEG itself stores.
def find_word(picture):
    return cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 1] > 200


# %% wrong one_picture_decides: The tolerance that is best on the JPEG of quality 90 alone, then half.
def distance(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2)


scores = {t: mean_word_iou(lambda p, t=t: distance(p) < t, practice[:1]) for t in range(10, 200, 5)}
chosen = max(scores, key=scores.get) / 2


def find_word(picture):
    return distance(picture) < chosen


# %% wrong where_practice_has_words: Everything red, and only where a practice picture had its word.
somewhere = np.any([word for _, word in practice], axis=0)


def find_word(picture):
    return (np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 100) & somewhere


# %% wrong knows_the_photo: The difference to the photo without the word, which one does not have in use.
def find_word(picture):
    photo = iio.imread(Path(skimage.data.__file__).with_name("chelsea.png")).astype(int)
    return np.abs(picture.astype(int) - photo).max(axis=2) > 60
