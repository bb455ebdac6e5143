"""What the modules for Logstash need on a host: its user, its directories, what lies in them, its settings files.

Only the standard library, and Python 3.9: it runs wherever Ansible does.
"""
