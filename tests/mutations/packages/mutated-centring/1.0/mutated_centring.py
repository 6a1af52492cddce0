def centre(data):
    return data - data.mean()
