"""What an instance does by itself: it deploys its bundle when it comes online, and drains its queue before it goes.

It is part of the image, and needs boto3 and cryptography from the virtual environment there. Nothing in it knows the
settings of Logstash: those are in the bundle. See docs/bake.md.
"""
