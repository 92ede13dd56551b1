// node-smpp as an SMSC: it reads with its own codec, sends receipts and handset messages, and tells what it saw.
//
//     node smsc.js PORT CONTROL_PORT PASSWORD
//
// It writes a line of JSON for each whole message. At CONTROL_PORT it answers /figures, /mo, /enquire_link and /unbind.
"use strict";

const http = require("http");
const smpp = require("smpp");

const RECEIPT_AFTER_MS = 50;
const UDH_8_BIT = 0x00; // information elements of a concatenated message, 3GPP TS 23.040 section 9.2.3.24
const UDH_16_BIT = 0x08;
const UCS2_PART_CHARACTERS = 67; // what 134 octets beside a header hold
const GSM_PART_CHARACTERS = 153;
const CODINGS = { gsm7: 0, latin1: 3, ucs2: 8 };

const [port, controlPort, password] = process.argv.slice(2);
const sessions = new Map(); // by system_id: the one that receives
const waiting = new Map(); // parts of messages that are not whole yet
const figures = {
  binds: 0,
  refused_binds: 0,
  submit_sm: 0,
  messages: 0,
  receipts: 0,
  receipts_accepted: 0,
  mo: 0,
  mo_accepted: 0,
  enquire_link: 0,
  enquire_link_answered: 0,
  unbind: 0,
  unbind_answered: 0,
  closed: 0,
  errors: 0,
};
let lastMessageId = 0;
let lastReference = 0;

function tell(fact) {
  process.stdout.write(JSON.stringify(fact) + "\n");
}

// What the ESME asks for.

function serve(session) {
  for (const mode of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(mode, (pdu) => bind(session, mode, pdu));
  }
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => answer(session, pdu, "enquire_link"));
  session.on("unbind", (pdu) => {
    answer(session, pdu, "unbind");
    session.close();
  });
  session.on("close", () => figures.closed++);
  session.on("error", (error) => {
    figures.errors++;
    tell({ event: "error", error: String(error) });
  });
}

function bind(session, mode, pdu) {
  if (pdu.password !== password) {
    figures.refused_binds++;
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }), () => session.close());
    return;
  }
  figures.binds++;
  if (mode !== "bind_transmitter") sessions.set(pdu.system_id, session);
  session.systemId = pdu.system_id;
  session.send(pdu.response({ system_id: "node-smpp" }));
}

function answer(session, pdu, figure) {
  figures[figure]++;
  session.send(pdu.response());
}

function submit(session, pdu) {
  figures.submit_sm++;
  const messageId = (++lastMessageId).toString(16).padStart(8, "0");
  session.send(pdu.response({ message_id: messageId }));
  gather(session.systemId, pdu);
  if (pdu.registered_delivery & 1) {
    setTimeout(() => sendReceipt(sessions.get(session.systemId), pdu, messageId), RECEIPT_AFTER_MS);
  }
}

// Messages, put together.

function gather(systemId, pdu) {
  const content = contentOf(pdu);
  const { reference, total, number } = placeOf(pdu);
  const key = [systemId, pdu.source_addr, pdu.destination_addr, reference].join("|");
  const parts = waiting.get(key) || new Map();
  parts.set(number, content);
  waiting.set(key, parts);
  if (parts.size < total) return;
  waiting.delete(key);
  figures.messages++;
  tell(messageOf(systemId, pdu, [...parts.keys()].sort((a, b) => a - b).map((each) => parts.get(each))));
}

function contentOf(pdu) {
  return pdu.message_payload ? pdu.message_payload.message : pdu.short_message.message;
}

function placeOf(pdu) {
  const header = (pdu.short_message.udh || []).find((each) => each[0] === UDH_8_BIT || each[0] === UDH_16_BIT);
  if (header && header[0] === UDH_8_BIT) return { reference: header[2], total: header[3], number: header[4] };
  if (header) return { reference: header.readUInt16BE(2), total: header[4], number: header[5] };
  if (pdu.sar_total_segments === undefined) return { reference: "whole", total: 1, number: 1 };
  return { reference: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, number: pdu.sar_segment_seqnum };
}

function messageOf(systemId, pdu, contents) {
  const isText = typeof contents[0] === "string";
  return {
    event: "message",
    system_id: systemId,
    source: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr],
    destination: [pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr],
    data_coding: pdu.data_coding,
    text: isText ? contents.join("") : null,
    data: isText ? null : Buffer.concat(contents).toString("hex"),
    parts: contents.length,
  };
}

// What the SMSC sends.

function sendReceipt(session, submitted, messageId) {
  const isDelivered = !submitted.destination_addr.endsWith("9");
  const stat = isDelivered ? "DELIVRD" : "UNDELIV";
  const now = new Date().toISOString().replace(/[-T:]/g, "").slice(2, 12);
  const text =
    `id:${messageId} sub:001 dlvrd:${isDelivered ? "001" : "000"} submit date:${now} done date:${now} ` +
    `stat:${stat} err:${isDelivered ? "000" : "069"} text:`;
  deliver(session, "receipts", {
    ...towardsEsme(submitted.destination_addr, submitted.source_addr),
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    data_coding: 0,
    short_message: text,
    receipted_message_id: messageId,
    message_state: isDelivered ? smpp.MESSAGE_STATE.DELIVERED : smpp.MESSAGE_STATE.UNDELIVERABLE,
  });
}

function sendMo(query) {
  const session = sessions.get(query.get("system_id"));
  const text = query.get("text");
  const coding = query.get("encoding");
  const length = coding === "ucs2" ? UCS2_PART_CHARACTERS : GSM_PART_CHARACTERS;
  const parts = text.match(new RegExp(`[^]{1,${length}}`, "g"));
  const reference = ++lastReference & 0xff;
  parts.forEach((part, index) => {
    const header = Buffer.from([5, UDH_8_BIT, 3, reference, parts.length, index + 1]);
    deliver(session, "mo", {
      ...towardsEsme(query.get("from"), query.get("to")),
      data_coding: CODINGS[coding],
      short_message: parts.length > 1 ? { udh: header, message: part } : part,
    });
  });
}

function towardsEsme(from, to) {
  const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: from };
  return { ...source, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to };
}

function deliver(session, figure, fields) {
  figures[figure]++;
  session.deliver_sm(fields, (pdu) => {
    if (pdu.command_status === 0) figures[`${figure}_accepted`]++;
  });
}

// What a test asks for.

const COMMANDS = {
  "/mo": sendMo,
  "/enquire_link": (query) => sessions.get(query.get("system_id")).enquire_link(() => figures.enquire_link_answered++),
  "/unbind": (query) => {
    const session = sessions.get(query.get("system_id"));
    session.unbind(() => {
      figures.unbind_answered++;
      session.close();
    });
  },
  "/figures": () => {},
};

function control(request, response) {
  const url = new URL(request.url, "http://control");
  COMMANDS[url.pathname](url.searchParams);
  response.end(JSON.stringify(figures));
}

http.createServer(control).listen(controlPort, "127.0.0.1", () => {
  smpp.createServer(serve).listen(port, "127.0.0.1", () => tell({ event: "listening" }));
});
