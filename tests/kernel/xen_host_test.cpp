// The dump of a Xen host is no dump of its kernel's memory: refused, and never read as if it were.
#include <doctest/doctest.h>

#include "kernel/kernel.h"
#include "support/fake_dump.h"
#include "support/temp_dir.h"

namespace xen_host_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("the dump of a Xen host is refused in words, whoever wrote its note") {
    const TempDir dir;
    for (const FakeNote& note :
         {FakeNote{"VMCOREINFO_XEN", 0, Buffer(100)}, FakeNote{"Xen", 0x1000001, Buffer(80)}}) {
        KdumpShape shape;
        shape.vmcoreinfo =
            "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff82610000\nNUMBER(phys_base)="
            "0\n";
        shape.notes = {note};
        const auto path = dir.write("vmcore", make_kdump(make_memory(20), shape));
        const auto kernel = Kernel::open(path);
        REQUIRE_FALSE(kernel);
        CHECK(kernel.error().code == ErrorCode::Unsupported);
        CHECK(kernel.error().message.find("Xen host") != std::string::npos);
    }
}

}  // namespace xen_host_test
