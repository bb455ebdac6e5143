// The design that most home-made shippers of access logs have: a regular expression splits each line at the spaces that
// are outside of quotes, each line becomes one JSON object that is written alone, and all go over one connection.
// node baseline.js FILE.gz HOST PORT
'use strict';

const fs = require('fs');
const net = require('net');
const readline = require('readline');
const zlib = require('zlib');

const [, , file, host, port] = process.argv;
// A space is outside when an even number of quotes follows: what is left of the line is read again for each space.
const SPACE_OUTSIDE_QUOTES = / (?=(?:[^"]*"[^"]*")*[^"]*$)/;
const milliseconds = (text) => Math.round(parseFloat(text) * 1000);

function parse(line) {
  const columns = line.split(SPACE_OUTSIDE_QUOTES);
  if (!columns[0].endsWith('Z')) columns.shift(); // the type, which an Application Load Balancer writes first
  const [method, url] = columns[11].replace(/"/g, '').split(' ');
  return {
    EventReceivedTime: columns[0],
    LoadBalancerName: columns[1],
    PublicIpAndPort: columns[2],
    InternalIpAndPort: columns[3],
    TimeToForwardRequest: milliseconds(columns[4]),
    TimeTaken: milliseconds(columns[5]),
    TimeToForwardResponse: milliseconds(columns[6]),
    Status: parseInt(columns[7], 10),
    BackendStatus: parseInt(columns[8], 10),
    BytesUploadedFromClient: parseInt(columns[9], 10),
    BytesDownloadedByClient: parseInt(columns[10], 10),
    RequestMethod: method,
    RequestUrl: url,
    Message: line,
    Component: 'web',
    SourceModuleName: 'ELB',
    Environment: 'prod',
    Application: 'shop',
    Type: 'logs',
  };
}

const socket = net.connect(Number(port), host, () => {
  const lines = readline.createInterface({ input: fs.createReadStream(file).pipe(zlib.createGunzip()) });
  lines.on('line', (line) => socket.write(`${JSON.stringify(parse(line))}\n`));
  lines.on('close', () => socket.end());
});
socket.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
socket.resume();
