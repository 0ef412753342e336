"""The only room that imports ray: settings become an RLlib algorithm here."""
