"""Holds the pinned packages against published advisories, without a network.

known.yml has the facts, accepted.yml what stays and why.
"""
