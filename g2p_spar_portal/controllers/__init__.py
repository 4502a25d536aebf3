from . import agent, home, payment, people, registration
