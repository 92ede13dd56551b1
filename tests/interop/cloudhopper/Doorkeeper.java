// Who may bind, and what is answered to those who have.

import com.cloudhopper.smpp.PduAsyncResponse;
import com.cloudhopper.smpp.SmppConstants;
import com.cloudhopper.smpp.SmppServerHandler;
import com.cloudhopper.smpp.SmppServerSession;
import com.cloudhopper.smpp.SmppSessionConfiguration;
import com.cloudhopper.smpp.impl.DefaultSmppSessionHandler;
import com.cloudhopper.smpp.pdu.BaseBind;
import com.cloudhopper.smpp.pdu.BaseBindResp;
import com.cloudhopper.smpp.pdu.DeliverSm;
import com.cloudhopper.smpp.pdu.EnquireLink;
import com.cloudhopper.smpp.pdu.PduRequest;
import com.cloudhopper.smpp.pdu.PduResponse;
import com.cloudhopper.smpp.pdu.SubmitSm;
import com.cloudhopper.smpp.pdu.SubmitSmResp;
import com.cloudhopper.smpp.pdu.Unbind;
import com.cloudhopper.smpp.type.SmppProcessingException;
import com.cloudhopper.smpp.util.SmppUtil;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

class Doorkeeper implements SmppServerHandler {
    private static final Map<Class<?>, String> FIGURES = Map.of(EnquireLink.class, "enquire_link", Unbind.class, "unbind");

    private final String password;
    private final Figures figures;
    private final Sender sender;
    private final AtomicInteger lastMessageId = new AtomicInteger();

    Doorkeeper(String password, Figures figures, Sender sender) {
        this.password = password;
        this.figures = figures;
        this.sender = sender;
    }

    public void sessionBindRequested(Long id, SmppSessionConfiguration configuration, BaseBind bind)
        throws SmppProcessingException {
        if (password.equals(bind.getPassword())) return;
        figures.count("refused_binds");
        throw new SmppProcessingException(SmppConstants.STATUS_INVPASWD);
    }

    public void sessionCreated(Long id, SmppServerSession session, BaseBindResp response) {
        figures.count("binds");
        if (response.getCommandId() != SmppConstants.CMD_ID_BIND_TRANSMITTER_RESP) sender.receives(session);
        session.serverReady(new Conversation(session));
    }

    public void sessionDestroyed(Long id, SmppServerSession session) {
        figures.count("closed");
        session.destroy();
    }

    private class Conversation extends DefaultSmppSessionHandler {
        private final SmppServerSession session;
        private final Assembly assembly;

        Conversation(SmppServerSession session) {
            this.session = session;
            this.assembly = new Assembly(session.getConfiguration().getSystemId());
        }

        public PduResponse firePduRequestReceived(PduRequest request) {
            if (request instanceof SubmitSm) return submit((SubmitSm) request);
            figures.count(FIGURES.getOrDefault(request.getClass(), "errors"));
            return request.createResponse();
        }

        public void fireExpectedPduResponseReceived(PduAsyncResponse answer) {
            PduRequest request = answer.getRequest();
            boolean isAccepted = answer.getResponse().getCommandStatus() == SmppConstants.STATUS_OK;
            if (request instanceof DeliverSm && isAccepted) figures.count(request.getReferenceObject() + "_accepted");
            if (request instanceof EnquireLink) figures.count("enquire_link_answered");
            if (request instanceof Unbind) {
                figures.count("unbind_answered");
                sender.later(session::close);
            }
        }

        public void fireUnknownThrowable(Throwable error) {
            figures.count("errors");
        }

        private PduResponse submit(SubmitSm submit) {
            figures.count("submit_sm");
            String messageId = String.format("%010d", lastMessageId.incrementAndGet());
            assembly.whole(submit).ifPresent(line -> {
                figures.count("messages");
                Smsc.tell(line);
            });
            if (SmppUtil.isSmscDeliveryReceiptRequested(submit.getRegisteredDelivery())) {
                sender.receiptLater(session.getConfiguration().getSystemId(), submit, messageId);
            }
            SubmitSmResp response = submit.createResponse();
            response.setMessageId(messageId);
            return response;
        }
    }
}
