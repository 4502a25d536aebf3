from . import agent, home, language, payment, people, registration, sign_in
