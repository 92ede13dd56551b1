// Where a segment stands in its message: by its user data header, or by the sar TLVs, else it is the whole of it.

import com.cloudhopper.commons.gsm.GsmUtil;
import com.cloudhopper.smpp.SmppConstants;
import com.cloudhopper.smpp.pdu.SubmitSm;
import com.cloudhopper.smpp.util.SmppUtil;
import java.math.BigInteger;

record Place(int reference, int total, int number) {
    private static final Place ALONE = new Place(0, 1, 1);
    private static final byte UDH_8_BIT = 0x00; // information elements, 3GPP TS 23.040 section 9.2.3.24
    private static final byte UDH_16_BIT = 0x08;

    static Place of(SubmitSm submit) {
        if (SmppUtil.isUserDataHeaderIndicatorEnabled(submit.getEsmClass())) {
            return ofHeader(GsmUtil.getShortMessageUserDataHeader(submit.getShortMessage()));
        }
        if (!submit.hasOptionalParameter(SmppConstants.TAG_SAR_TOTAL_SEGMENTS)) return ALONE;
        return new Place(
            numberIn(submit, SmppConstants.TAG_SAR_MSG_REF_NUM),
            numberIn(submit, SmppConstants.TAG_SAR_TOTAL_SEGMENTS),
            numberIn(submit, SmppConstants.TAG_SAR_SEGMENT_SEQNUM));
    }

    private static Place ofHeader(byte[] header) {
        for (int at = 1; at < header.length; at += 2 + header[at + 1]) {
            if (header[at] == UDH_8_BIT) return new Place(header[at + 2] & 0xff, header[at + 3], header[at + 4]);
            if (header[at] == UDH_16_BIT) {
                return new Place((header[at + 2] & 0xff) << 8 | header[at + 3] & 0xff, header[at + 4], header[at + 5]);
            }
        }
        return ALONE;
    }

    private static int numberIn(SubmitSm submit, short tag) {
        return new BigInteger(1, submit.getOptionalParameter(tag).getValue()).intValue();
    }
}
