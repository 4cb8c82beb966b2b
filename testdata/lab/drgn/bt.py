# The stack of every task: function+offset of each frame, inlined ones marked
from drgn.helpers.linux.pid import for_each_task

for task in for_each_task(prog):
    print(f"PID {task.pid.value_()} {hex(task.value_())} {ascii(task.comm.string_())[1:]}")
    try:
        for frame in prog.stack_trace(task):
            try:
                pc = frame.pc
                symbol = frame.symbol()
                where = f"{hex(pc)} {symbol.name}+{hex(pc - symbol.address)}"
            except LookupError:
                where = f"{hex(pc)} ?"
            print(f"    {where} {frame.name}{' (inlined)' if frame.is_inline else ''}")
    except Exception as error:
        print(f"    ({type(error).__name__}: {error})")
