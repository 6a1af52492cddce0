#!/bin/sh
set -e
python clean.py
python fit.py
