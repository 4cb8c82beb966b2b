#include <fmt/format.h>

#include <postmortem/interrupt_vectors.h>

namespace postmortem {

std::string to_text(const InterruptVectors& table) {
    std::string out;
    for (const InterruptVector& vector : table.vectors)
        out +=
            fmt::format("{:>5} {}\n", fmt::format("[{}]", vector.number),
                        vector.function.empty() ? fmt::format("{:0{}x}", vector.handler, table.address_digits)
                                                : vector.function);
    return out;
}

}  // namespace postmortem
