// Messages put together from their segments and decoded; each whole one becomes a line of JSON.

import com.cloudhopper.commons.charset.Charset;
import com.cloudhopper.commons.charset.CharsetUtil;
import com.cloudhopper.commons.gsm.GsmUtil;
import com.cloudhopper.commons.util.HexUtil;
import com.cloudhopper.smpp.SmppConstants;
import com.cloudhopper.smpp.pdu.SubmitSm;
import com.cloudhopper.smpp.tlv.Tlv;
import com.cloudhopper.smpp.type.Address;
import com.cloudhopper.smpp.util.SmppUtil;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

class Assembly {
    static final Map<Byte, Charset> CHARSETS = Map.of(
        SmppConstants.DATA_CODING_DEFAULT, CharsetUtil.CHARSET_GSM,
        SmppConstants.DATA_CODING_LATIN1, CharsetUtil.CHARSET_ISO_8859_1,
        SmppConstants.DATA_CODING_UCS2, CharsetUtil.CHARSET_UCS_2);
    private static final int CODING_MASK = 0x0f; // without the message class

    private final String systemId;
    private final Map<String, TreeMap<Integer, byte[]>> waiting = new ConcurrentHashMap<>();

    Assembly(String systemId) {
        this.systemId = systemId;
    }

    // The message that this segment makes whole.
    Optional<String> whole(SubmitSm submit) {
        Place place = Place.of(submit);
        String key = String.join("|", submit.getSourceAddress().getAddress(), submit.getDestAddress().getAddress(),
            String.valueOf(place.reference()));
        TreeMap<Integer, byte[]> parts = waiting.computeIfAbsent(key, each -> new TreeMap<>());
        parts.put(place.number(), contentOf(submit));
        if (parts.size() < place.total()) return Optional.empty();
        waiting.remove(key);
        return Optional.of(lineOf(submit, parts));
    }

    private static byte[] contentOf(SubmitSm submit) {
        Tlv payload = submit.getOptionalParameter(SmppConstants.TAG_MESSAGE_PAYLOAD);
        byte[] content = payload == null ? submit.getShortMessage() : payload.getValue();
        boolean hasHeader = SmppUtil.isUserDataHeaderIndicatorEnabled(submit.getEsmClass());
        return hasHeader ? GsmUtil.getShortMessageUserData(content) : content;
    }

    private String lineOf(SubmitSm submit, TreeMap<Integer, byte[]> parts) {
        Charset charset = CHARSETS.get((byte) (submit.getDataCoding() & CODING_MASK));
        return String.format(
            "{\"event\": \"message\", \"system_id\": %s, \"source\": %s, \"destination\": %s, \"data_coding\": %d, "
                + "\"text\": %s, \"data\": %s, \"parts\": %d}",
            quoted(systemId), json(submit.getSourceAddress()), json(submit.getDestAddress()),
            submit.getDataCoding() & 0xff, charset == null ? "null" : quoted(textOf(parts, charset)),
            charset == null ? quoted(hexOf(parts)) : "null", parts.size());
    }

    private static String textOf(TreeMap<Integer, byte[]> parts, Charset charset) {
        return parts.values().stream().map(each -> CharsetUtil.decode(each, charset)).collect(Collectors.joining());
    }

    private static String hexOf(TreeMap<Integer, byte[]> parts) {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        parts.values().forEach(octets::writeBytes);
        return HexUtil.toHexString(octets.toByteArray()).toLowerCase();
    }

    private static String json(Address address) {
        return String.format("[%d, %d, %s]", address.getTon(), address.getNpi(), quoted(address.getAddress()));
    }

    private static String quoted(String text) {
        return '"' + text.chars().mapToObj(Assembly::escaped).collect(Collectors.joining()) + '"';
    }

    private static String escaped(int character) {
        boolean isPlain = character >= ' ' && character < 0x7f && character != '"' && character != '\\';
        return isPlain ? String.valueOf((char) character) : String.format("\\u%04x", character);
    }
}
