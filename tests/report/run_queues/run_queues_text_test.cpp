// What `runq` prints where little is known.
#include <doctest/doctest.h>

#include <postmortem/render.h>

namespace run_queues_text_test {

using namespace postmortem;

TEST_CASE("a queue whose place is not known lies nowhere, and not at 0") {
    CpuRunQueue cpu;
    cpu.runqueue = 0xffff888000010000;
    cpu.current_task = 0xffff888000020000;
    cpu.fair.emplace();
    cpu.fair->whole = false;
    cpu.realtime.emplace();
    cpu.realtime->address = 0xffff888000010100;
    RunQueues queues;
    queues.cpus.push_back(cpu);
    CHECK(to_text(queues) ==
          "CPU 0 RUNQUEUE: ffff888000010000\n"
          "  CURRENT: ffff888000020000\n"
          "  RT PRIO_ARRAY: ffff888000010100\n"
          "     [no tasks queued]\n"
          "  CFS RB_ROOT: -\n"
          "     [could not be read]\n");
}

}  // namespace run_queues_text_test
