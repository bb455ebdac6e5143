// The design that most home-made shippers of access logs have: one regular expression splits each line, each line becomes
// one JSON object that is written alone, and all go over one connection. node baseline.js FILE.gz HOST PORT
'use strict';

const fs = require('fs');
const net = require('net');
const readline = require('readline');
const zlib = require('zlib');

const [, , file, host, port] = process.argv;
const COLUMN = /"([^"]*)"|(\S+)/g;
const CLASSIC = ['timestamp', 'elb', 'client', 'backend', 'request_processing_time', 'backend_processing_time',
  'response_processing_time', 'elb_status_code', 'backend_status_code', 'received_bytes', 'sent_bytes', 'request',
  'user_agent', 'ssl_cipher', 'ssl_protocol'];
const ALB = ['type', 'timestamp', 'elb', 'client', 'target', 'request_processing_time', 'target_processing_time',
  'response_processing_time', 'elb_status_code', 'target_status_code', 'received_bytes', 'sent_bytes', 'request',
  'user_agent', 'ssl_cipher', 'ssl_protocol', 'target_group_arn', 'trace_id', 'domain_name', 'chosen_cert_arn',
  'matched_rule_priority', 'request_creation_time', 'actions_executed', 'redirect_url', 'error_reason',
  'target_port_list', 'target_status_code_list', 'classification', 'classification_reason', 'conn_trace_id'];
const NUMBERS = new Set(['request_processing_time', 'backend_processing_time', 'target_processing_time',
  'response_processing_time', 'elb_status_code', 'backend_status_code', 'target_status_code', 'received_bytes',
  'sent_bytes', 'matched_rule_priority']);

function parse(line) {
  const values = [];
  for (const match of line.matchAll(COLUMN)) values.push(match[1] === undefined ? match[2] : match[1]);
  const names = values.length > 15 ? ALB : CLASSIC;
  const event = {};
  names.forEach((name, index) => {
    event[name] = NUMBERS.has(name) ? Number(values[index]) : values[index];
  });
  return event;
}

const socket = net.connect(Number(port), host, async () => {
  const lines = readline.createInterface({ input: fs.createReadStream(file).pipe(zlib.createGunzip()) });
  for await (const line of lines) {
    if (!socket.write(JSON.stringify(parse(line)) + '\n')) {
      await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
  socket.end();
});
socket.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
socket.resume();
