#include <doctest/doctest.h>

#include <postmortem/machine.h>

namespace machine_text_test {

using namespace postmortem;

TEST_CASE("CPUs that a panic sent offline are counted, and told") {
    Machine machine;
    machine.cpus = 2;
    machine.cpus_counted = 4;
    machine.cpus_online = 1;
    CHECK(to_text(machine).find("CPUS: 4 [OFFLINE: 3]\n") != std::string::npos);
    machine.cpus_online = 4;
    CHECK(to_text(machine).find("CPUS: 4\n") != std::string::npos);
    machine.cpus_counted = machine.cpus_online = std::nullopt;
    CHECK(to_text(machine).find("CPUS: 2\n") != std::string::npos);
}

}  // namespace machine_text_test
