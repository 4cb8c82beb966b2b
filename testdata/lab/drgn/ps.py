# Every task that drgn finds: pid, tgid, ppid, cpu, address, state, name
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import task_cpu, task_state_to_char

for task in for_each_task(prog):
    comm = task.comm.string_()
    print(
        task.pid.value_(),
        task.tgid.value_(),
        task.real_parent.tgid.value_(),
        task_cpu(task),
        hex(task.value_()),
        task_state_to_char(task),
        ascii(comm)[1:],
    )
