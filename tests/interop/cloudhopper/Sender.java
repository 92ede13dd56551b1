// What the SMSC sends of itself: receipts, messages from handsets, and what a test asks for.

import com.cloudhopper.commons.charset.CharsetUtil;
import com.cloudhopper.commons.gsm.GsmUtil;
import com.cloudhopper.smpp.SmppConstants;
import com.cloudhopper.smpp.SmppServerSession;
import com.cloudhopper.smpp.pdu.DeliverSm;
import com.cloudhopper.smpp.pdu.PduRequest;
import com.cloudhopper.smpp.pdu.SubmitSm;
import com.cloudhopper.smpp.type.Address;
import com.cloudhopper.smpp.util.DeliveryReceipt;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.joda.time.DateTime;
import org.joda.time.DateTimeZone;

class Sender {
    static final int ANSWER_WITHIN_MS = 10_000;
    private static final int RECEIPT_AFTER_MS = 50;
    private static final int LONGEST_SHORT_MESSAGE = 140; // octets
    private static final int UNDELIVERED = 69; // error code of the receipt
    private static final Map<String, Byte> CODINGS = Map.of(
        "gsm7", SmppConstants.DATA_CODING_DEFAULT,
        "latin1", SmppConstants.DATA_CODING_LATIN1,
        "ucs2", SmppConstants.DATA_CODING_UCS2);

    private final Figures figures;
    private final Map<String, SmppServerSession> receivers = new ConcurrentHashMap<>(); // by system_id
    private final AtomicInteger lastReference = new AtomicInteger();
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);

    Sender(Figures figures) {
        this.figures = figures;
    }

    void receives(SmppServerSession session) {
        receivers.put(session.getConfiguration().getSystemId(), session);
    }

    void later(Runnable work) {
        clock.schedule(work, RECEIPT_AFTER_MS, TimeUnit.MILLISECONDS);
    }

    // Numbers that end in 9 cannot be reached.
    void receiptLater(String systemId, SubmitSm submit, String messageId) {
        boolean isDelivered = !submit.getDestAddress().getAddress().endsWith("9");
        byte state = isDelivered ? SmppConstants.STATE_DELIVERED : SmppConstants.STATE_UNDELIVERABLE;
        DateTime now = new DateTime(DateTimeZone.UTC);
        DeliveryReceipt receipt = new DeliveryReceipt(
            messageId, 1, isDelivered ? 1 : 0, now, now, state, isDelivered ? 0 : UNDELIVERED, "");
        DeliverSm deliver = new DeliverSm();
        deliver.setEsmClass(SmppConstants.ESM_CLASS_MT_SMSC_DELIVERY_RECEIPT);
        deliver.setSourceAddress(submit.getDestAddress());
        deliver.setDestAddress(submit.getSourceAddress());
        byte[] text = receipt.toShortMessage().getBytes(StandardCharsets.US_ASCII);
        later(() -> deliver(systemId, "receipts", deliver, text));
    }

    void sendMo(Map<String, String> query) {
        byte coding = CODINGS.get(query.get("encoding"));
        byte[] octets = CharsetUtil.encode(query.get("text"), Assembly.CHARSETS.get(coding));
        boolean isLong = octets.length > LONGEST_SHORT_MESSAGE;
        byte reference = (byte) lastReference.incrementAndGet();
        byte[][] parts =
            isLong ? GsmUtil.createConcatenatedBinaryShortMessages(octets, reference) : new byte[][] {octets};
        for (byte[] part : parts) {
            DeliverSm deliver = new DeliverSm();
            deliver.setEsmClass(isLong ? SmppConstants.ESM_CLASS_UDHI_MASK : 0);
            deliver.setDataCoding(coding);
            deliver.setSourceAddress(new Address((byte) 1, (byte) 1, query.get("from")));
            deliver.setDestAddress(new Address((byte) 1, (byte) 1, query.get("to")));
            deliver(query.get("system_id"), "mo", deliver, part);
        }
    }

    void send(String systemId, PduRequest request) {
        try {
            receivers.get(systemId).sendRequestPdu(request, ANSWER_WITHIN_MS, false);
        } catch (Exception error) {
            figures.count("errors");
        }
    }

    private void deliver(String systemId, String figure, DeliverSm deliver, byte[] octets) {
        try {
            deliver.setShortMessage(octets);
        } catch (Exception error) {
            figures.count("errors");
            return;
        }
        deliver.setReferenceObject(figure);
        figures.count(figure);
        send(systemId, deliver);
    }
}
