# A thin front for `python3 -m tools`; see `make help`.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: setup demo test bench chaos contract client readme translations lint odoo shell stop clean help

setup demo test bench chaos contract client readme translations lint odoo shell stop clean help:
	@$(PYTHON) -m tools $@
