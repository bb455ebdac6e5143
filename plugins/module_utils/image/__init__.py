"""An image of a host: what is taken out of it, whether it is fit to be one, and what is in it.

=========  ============================================================================================================
table      the one list of what belongs to a single machine or to the bake, and what becomes of each
machine    the names and addresses of the machine that bakes
leftovers  finds what the table names below a root, and clears it
contents   private keys, known secrets, the machine's own names and addresses in the texts of files
state      the service, the package, the plugins
manifest   the packages and plugins with their versions, and the fingerprint of what the image was made from
=========  ============================================================================================================

Only the standard library and Python 3.9: it runs on hosts. Every function takes the root of the file system.
"""
