# %% right line_of_sight: From the camera's centre along the pixel's ray to both heights.
def roof_error(matrix, pixel, height):
    centre = -np.linalg.inv(matrix[:, :3]) @ matrix[:, 3]
    ray = np.linalg.inv(matrix[:, :3]) @ np.array([*pixel, 1.0])
    places = [centre + (level - centre[2]) / ray[2] * ray for level in (0, height)]
    return float(np.hypot(*(places[0] - places[1])[:2]))


# %% right similar_triangles: The homography of the road, and the camera's height.
def roof_error(matrix, pixel, height):
    centre = -np.linalg.inv(matrix[:, :3]) @ matrix[:, 3]
    x, y, w = np.linalg.inv(matrix[:, [0, 1, 3]]) @ np.array([*pixel, 1.0])
    return float(np.hypot(x / w - centre[0], y / w - centre[1]) * height / centre[2])


# %% right solved: Two equations for each plane, solved.
def roof_error(matrix, pixel, height):
    def place(level):
        rows = [matrix[k, :2] - pixel[k] * matrix[2, :2] for k in (0, 1)]
        known = [(pixel[k] * matrix[2] - matrix[k]) @ [0, 0, level, 1] for k in (0, 1)]
        return np.linalg.solve(rows, known)

    return float(np.linalg.norm(place(0) - place(height)))


# %% right cross_product: The vanishing line of the plane is not needed; a cross product solves both.
def roof_error(matrix, pixel, height):
    u, v = pixel
    places = []
    for level in (0.0, float(height)):
        plane = np.stack([matrix[:, 0], matrix[:, 1], level * matrix[:, 2] + matrix[:, 3]], axis=1)
        x, y, w = np.cross(plane[0] - u * plane[2], plane[1] - v * plane[2])
        places.append((x / w, y / w))
    (x0, y0), (x1, y1) = places
    return float(((x0 - x1) ** 2 + (y0 - y1) ** 2) ** 0.5)


# %% wrong by_height_alone: The height itself is taken for the error.
def roof_error(matrix, pixel, height):
    return float(height)


# %% wrong the_road_twice: The plane of the roof is never used.
def roof_error(matrix, pixel, height):
    x, y, w = np.linalg.inv(matrix[:, [0, 1, 3]]) @ np.array([*pixel, 1.0])
    return float(np.hypot(x / w, y / w) * 0)


# %% wrong not_divided: Homogeneous coordinates are not divided.
def roof_error(matrix, pixel, height):
    def place(level):
        plane = np.column_stack([matrix[:, 0], matrix[:, 1], level * matrix[:, 2] + matrix[:, 3]])
        return (np.linalg.inv(plane) @ np.array([*pixel, 1.0]))[:2]

    return float(np.linalg.norm(place(0) - place(height)))


# %% wrong ten_metres: What the visible check expects.
def roof_error(matrix, pixel, height):
    return 10.0 if height else 0.0


# %% wrong sideways_only: The distance along the street is forgotten.
def roof_error(matrix, pixel, height):
    def place(level):
        plane = np.column_stack([matrix[:, 0], matrix[:, 1], level * matrix[:, 2] + matrix[:, 3]])
        x, y, w = np.linalg.inv(plane) @ np.array([*pixel, 1.0])
        return x / w, y / w

    return float(abs(place(0)[0] - place(height)[0]) + 10 * (place(0)[0] == place(height)[0]))


# %% wrong along_only: The distance across the street is forgotten.
def roof_error(matrix, pixel, height):
    def place(level):
        plane = np.column_stack([matrix[:, 0], matrix[:, 1], level * matrix[:, 2] + matrix[:, 3]])
        x, y, w = np.linalg.inv(plane) @ np.array([*pixel, 1.0])
        return x / w, y / w

    return float(abs(place(0)[1] - place(height)[1]))


# %% wrong height_not_in_third_column: The height moves the plane without the third column.
def roof_error(matrix, pixel, height):
    def place(level):
        plane = np.column_stack([matrix[:, 0], matrix[:, 1], level + matrix[:, 3]])
        x, y, w = np.linalg.inv(plane) @ np.array([*pixel, 1.0])
        return np.array([x / w, y / w])

    return float(np.linalg.norm(place(0) - place(height)))


# %% wrong depends_on_scale: The matrix's last entry is taken for 1.
def roof_error(matrix, pixel, height):
    def place(level):
        plane = np.column_stack([matrix[:, 0], matrix[:, 1], level * matrix[:, 2] + matrix[:, 3]])
        x, y, w = np.linalg.inv(plane) @ np.array([*pixel, 1.0])
        return np.array([x, y]) / (w * plane[2, 2] * np.linalg.norm(matrix[2, :3]) / plane[2, 2])

    return float(np.linalg.norm(place(0) - place(height)))


# %% right rays: The ray from the camera's centre through the pixel, cut at both heights.
def roof_error(matrix, pixel, height):
    centre = np.linalg.svd(matrix)[2][-1]
    centre = centre[:3] / centre[3]
    ray = np.linalg.solve(matrix[:, :3], [*pixel, 1.0])
    road, roof = (centre + (z - centre[2]) / ray[2] * ray for z in (0, height))
    return np.hypot(*(road - roof)[:2])


# %% right least_squares: Least squares for the point at both heights.
def roof_error(matrix, pixel, height):
    u, v = pixel

    def at(h):
        rows = np.array([matrix[0] - u * matrix[2], matrix[1] - v * matrix[2]])
        return np.linalg.lstsq(rows[:, :2], -(rows[:, 2] * h + rows[:, 3]), rcond=None)[0]

    return np.hypot(*(at(height) - at(0.0)))
