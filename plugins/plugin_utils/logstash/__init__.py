"""What is known of Logstash's releases, and checks of what is to be deployed against it. Plain Python, no Ansible."""
