def dwell(frames, fps):
    numbers = [int(number) for number in frames]
    return len(range(min(numbers), max(numbers) + 1)) / fps if numbers else 0.0
