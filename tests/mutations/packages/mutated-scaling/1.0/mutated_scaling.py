def scale(data):
    return data / data.std()
