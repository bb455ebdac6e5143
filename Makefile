# The two commands that matter: `make deploy` and `make test`.
ENV ?= local
export ENV
SHELL := /bin/bash

.PHONY: help deploy plan bake bake-clean bundle upgrade alarms drill verify status history destroy render templates variables setup test lint unit integration molecule e2e fleet images sanity coverage bench requirements advisories reference

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deploy: ## Deploy environment ENV (default: local)
	@scripts/deploy.sh $(ENV)

plan: ## Show what a deployment of ENV would change, changing nothing (DIFF=1 with the differences); exit code 2 where it would
	@scripts/plan.sh $(ENV)

bake: ## Make the image of ENV's LAYER (default: brokers) with Packer, or say which one serves
	@$(if $(filter local,$(ENV)),scripts/bake_local.sh,scripts/bake.sh bake $(ENV))

bake-clean: ## Remove what bakes that were killed left in ENV's region (LOOK=1 only shows it; HOURS=3, RUN=id)
	@scripts/bake.sh clean $(ENV)

alarms: ## Test the alarms of ENV offline against tests/alarms (TESTS=path for others; COVERAGE=1 fails where an alarm lacks tests)
	@scripts/alarms.sh $(ENV)

drill: ## Ring the deployed alarms of ENV, and show that a subscriber hears of them (some minutes)
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook -i inventories/$(ENV) playbooks/drill.yml

verify: ## Check every host, the path of a load-balancer log and the alarms of ENV; a table, and JUnit in build/verify
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook -i inventories/$(ENV) $(if $(EC2),-i inventories/$(ENV)/ec2/aws_ec2.yml) \
		playbooks/verify.yml

status: ## Show how ENV is now, as a table and a page (HOST=name, EC2=1, FORMAT=json); exit code 2 where something is wrong
	@scripts/show.sh status $(ENV)

history: ## Show the last deployments of ENV, by whom, and how they ended (HOST=name, LAST=20, EC2=1, FORMAT=json)
	@scripts/show.sh history $(ENV)

bundle: ## Make, sign and upload what instances of ENV deploy themselves with (OPTIONS="--check", "-e bundle=<sha256>" to go back)
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook -i inventories/$(ENV) playbooks/bundle.yml $(OPTIONS)

upgrade: ## Replace the instances of ENV's groups by ones with Logstash VERSION, one by one; back at the first bad one
	@$(if $(filter local,$(ENV)),scripts/upgrade_local.sh $(VERSION),scripts/setup.sh && . scripts/common.sh && .venv/bin/python scripts/upgrade.py $(ENV) $(VERSION))

destroy: ## Remove environment local and all that belongs to it
	@scripts/destroy.sh $(ENV)

render: ## Write the settings of every host of ENV to build/render/ENV, reaching none
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook -i inventories/$(ENV) playbooks/render.yml \
		-e render_to=build/render/$(ENV)

templates: ## Write the index templates of the log shipper's events, as ENV would get them, to build/render/ENV/elasticsearch
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook -i inventories/$(ENV) playbooks/elasticsearch_templates.yml \
		-e render_to=$(CURDIR)/build/render/$(ENV)/elasticsearch

variables: ## Show which value each variable has in ENV (or in all), from where, and what is unused or missing
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/ansible-playbook playbooks/variables.yml \
		$(if $(filter all,$(ENV)),-i inventories/local -e inventories=all,-i inventories/$(ENV)) $(if $(FILTER),-e 'filter="$(FILTER)"')

setup: ## Make .venv with the pinned tools for developing (what other targets need, they install)
	@scripts/setup.sh dev

test: ## Run every test: lint, unit, integration, molecule, e2e
	@scripts/test.sh lint unit integration molecule e2e

lint unit integration molecule e2e: ## Run one part of the tests
	@scripts/test.sh $@

fleet: ## Break a fleet of hosts behind a load balancer in one way after another, and count what arrives (not a part of `make test`)
	@scripts/test.sh fleet

images: ## Bake images, boot instances from them, and let them fail and go away (not a part of `make test`)
	@scripts/test.sh images

sanity: ## Run `ansible-test sanity` on the collection as it is built, with Python 3.9 and 3.13 as well, where they are there
	@scripts/test.sh sanity

coverage: ## Run the unit and integration tests, and report which lines of the log shipper and of plugins/ they leave out
	@scripts/test.sh coverage

bench: ## Measure, as ratios within one run (BENCH="name ..." for some)
	@scripts/setup.sh dev && .venv/bin/python -m tests.benchmarks $(BENCH)

requirements: ## Compile every requirements*.txt from its requirements*.in after a change
	@scripts/requirements.sh

advisories: ## Read what is known about the pinned packages from osv.dev, or from FROM=folder or file.zip
	@scripts/setup.sh && PYTHONPATH=tests/support .venv/bin/python -m advisories collect \
		"$(or $(FROM),https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip)"

reference: ## Write docs/reference/ from the roles' and plugins' own descriptions, the dashboard's picture, and the costs in docs/aws.md
	@scripts/setup.sh && . scripts/common.sh && .venv/bin/python scripts/reference.py && .venv/bin/python scripts/dashboard_picture.py \
		&& .venv/bin/python scripts/cost.py
