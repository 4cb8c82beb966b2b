# What every processor was doing: its current task and that task's stack
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.sched import cpu_curr

for cpu in for_each_online_cpu(prog):
    task = cpu_curr(prog, cpu)
    print(f"CPU {cpu}: PID {task.pid.value_()} {hex(task.value_())} {ascii(task.comm.string_())[1:]}")
    try:
        print(prog.stack_trace(task))
    except Exception as error:
        print(f"    ({type(error).__name__}: {error})")
