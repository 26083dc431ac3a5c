#!/usr/bin/env python3
"""samples.py MKMAILS DIR: each file of clamav-testfiles as an attachment, in the shape of the lab's mails (MKMAILS)."""
import os, sys

mkmails, out = sys.argv[1:3]
sys.argv = [mkmails, out]
exec(open(mkmails).read().split('# --- clean mail')[0])
for s in sorted(os.listdir(SAMPLES)):
    attach('sample-' + s.replace('.', '-'), s, sample(s))
