// Opens the dump that it is given and prints how many tasks it holds.
#include <iostream>

#include <postmortem/crash_dump.h>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const auto dump = postmortem::CrashDump::open(argv[1]);
    if (!dump) {
        std::cerr << dump.error().message << '\n';
        return 3;
    }
    const auto tasks = dump->tasks();
    if (!tasks || tasks->tasks.empty()) return 1;
    std::cout << tasks->tasks.size() << " tasks\n";
    return 0;
}
