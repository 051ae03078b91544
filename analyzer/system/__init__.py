"""What the machine gives and what fails: whole files, safe processes, contained failures."""
