"""The template language. It needs the standard library alone, and for Markdown markdown-it-py, where that is there.

From the bottom up: ``syntax`` (what a template consists of, and how it prints); ``tokens``, ``arguments`` and
``calculations`` (what stands between ``#{`` and ``}``); ``parser`` (whole texts); ``variables`` (a set of variables and
the tree that templates walk); ``json_values`` (values that are JSON); ``filters``; ``evaluator`` (syntax and variables
to text); ``evaluation`` (the functions that are called from outside).
"""
