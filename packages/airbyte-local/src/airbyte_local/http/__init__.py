"""HTTP without Airbyte's rules: requests and answers, who may ask, bodies, pages, faults, the log of it all."""
