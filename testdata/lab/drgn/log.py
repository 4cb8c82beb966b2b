# The kernel's log
from drgn.helpers.linux.printk import get_dmesg
import sys

sys.stdout.buffer.write(get_dmesg(prog))
