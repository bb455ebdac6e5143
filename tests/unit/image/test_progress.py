"""Of what Packer and Ansible say, the user sees steps, tasks and failures."""

from ansible_collections.elk.deploy.plugins.plugin_utils.image.progress import Progress

# As Packer 1.6.6 writes it.
FAILED = """\
==> amazon-ebs.image: Launching a source AWS instance...
    amazon-ebs.image: Adding tag: "elk:bake": "20261128T173000Z-0f1e2d"
==> amazon-ebs.image: Executing Ansible: ansible-playbook -e x=y --limit=image playbooks/bake.yml
    amazon-ebs.image:
    amazon-ebs.image: TASK [Install the package] *****************************************************
    amazon-ebs.image: ok: [image]
    amazon-ebs.image: TASK [Validate the image] ******************************************************
    amazon-ebs.image: fatal: [image]: FAILED! =>
    amazon-ebs.image:     msg: '[image_unclean] /var/lib/logstash/uuid is in the image'
==> amazon-ebs.image: Terminating the source AWS instance...
Build 'amazon-ebs.image' errored after 12 seconds: Error executing Ansible: Non-zero exit status: exit status 2

==> Wait completed after 12 seconds

==> Some builds didn't complete successfully and had errors:
--> amazon-ebs.image: Error executing Ansible: Non-zero exit status: exit status 2
"""


def test_steps_tasks_and_what_failed_are_shown_and_nothing_twice():
    progress = Progress()
    shown = [text for line in FAILED.splitlines(keepends=True) if (text := progress.shown(line))]
    assert shown == [
        "Launching a source AWS instance...",
        "Executing Ansible",
        "  Install the package",
        "  Validate the image",
        "fatal: [image]: FAILED! =>",
        "    msg: '[image_unclean] /var/lib/logstash/uuid is in the image'",
        "Terminating the source AWS instance...",
    ]


def test_after_an_ignored_failure_the_next_task_is_shown_by_its_name_alone():
    progress = Progress()
    lines = [
        "    docker.image: fatal: [image]: FAILED! =>",
        "    docker.image: ...ignoring",
        "    docker.image: TASK [Go on] *******",
        "    docker.image: ok: [image]",
    ]
    assert [progress.shown(line) for line in lines][2:] == ["  Go on", ""]
