from . import agent, home, people, payment
