// What was counted, by name; as text, a JSON object.

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

class Figures {
    private static final String[] NAMES = {
        "binds", "refused_binds", "submit_sm", "messages", "receipts", "receipts_accepted", "mo", "mo_accepted",
        "enquire_link", "enquire_link_answered", "unbind", "unbind_answered", "closed", "errors",
    };

    private final Map<String, AtomicInteger> counts = new ConcurrentSkipListMap<>();

    Figures() {
        for (String name : NAMES) counts.put(name, new AtomicInteger());
    }

    void count(String name) {
        counts.get(name).incrementAndGet();
    }

    public String toString() {
        return counts.entrySet().stream()
            .map(each -> String.format("\"%s\": %d", each.getKey(), each.getValue().get()))
            .collect(Collectors.joining(", ", "{", "}"));
    }
}
