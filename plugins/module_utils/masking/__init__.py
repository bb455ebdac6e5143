"""What must not be shown, and how it is hidden: the one mask of the project.

=========  ============================================================================================================
known      texts that are known to be secret, in every form that a log, a diff or a message may give them
foreign    what is secret by its name or its form, in texts that other programs wrote: ``password => "…"``
mask       both together, for a text and for the result of a module or an action
module     the base of the collection's modules: nothing that they return shows a secret
=========  ============================================================================================================

Only the standard library and Python 3.9, but for ``module``: it runs on hosts, and on the control node.
"""

MASK = "*****"
