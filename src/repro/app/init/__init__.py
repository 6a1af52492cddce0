"""A new project: its files from templates, its data registered, and the package as a wheel.

``wheel`` packs the installed package, ``templates`` renders the files, and ``content`` says which
files a project gets. ``experiment`` registers the data. ``placing`` puts the files into the folder,
all of them or none. ``making`` is the use case; ``index`` lists the wheels that a lock stands for.
"""
