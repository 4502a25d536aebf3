"""Definitions of forms, as Central gives them."""

XFORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms"
        xmlns:h="http://www.w3.org/1999/xhtml"
        xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>Addresses</h:title><model>
    <itext>
      <translation lang="Kiswahili (sw)">
        <text id="/data/payment/phone:label"><value>Simu ya malipo</value></text>
      </translation>
      <translation lang="English (en)" default="true()">
        <text id="/data/payment/phone:label">
          <value form="image">jr://images/phone.png</value>
          <value>Which **phone** receives the money of
            <output value="/data/registrant/given"/>?</value>
        </text>
      </translation>
    </itext>
    <instance><data id="addresses"><registrant><id/></registrant></data></instance>
    <bind nodeset="/data/registrant/id" type="string"/>
  </model></h:head>
  <h:body>
    <group ref="/data/registrant"><label>Registrant</label>
      <input ref="/data/registrant/id"><label>ID on the card</label></input>
    </group>
    <input ref="/data/payment/phone">
      <label ref="jr:itext('/data/payment/phone:label')"/>
    </input>
    <select1 ref="/data/payment/kind"><label>Paid by</label>
      <item><label>Phone</label><value>mobile_wallet</value></item>
    </select1>
    <input ref="/data/payment/dfsp"><label/></input>
  </h:body>
</h:html>
"""
