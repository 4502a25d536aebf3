from . import agent, home, payment, people, registration, sign_in
