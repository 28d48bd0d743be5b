"""Threat model of the ticket link (BOOK-412) in pytm. Weaknesses of the elements are those of the sample."""

from pytm import TM, Actor, Boundary, Data, Dataflow, Datastore, Server, TLSVersion

model = TM("Booking: ticket links")
model.description = "Who can open a ticket once its PDF lies in a bucket and a mail carries a link."
model.isOrdered = True

internet, cloud = Boundary("Internet"), Boundary("Booking account")
passenger = Actor("Passenger", inBoundary=internet)
shop = Server("Booking web", inBoundary=cloud, port=443, protocol="HTTPS")
for control in (
    "authenticatesSource",
    "checksInputBounds",
    "encodesHeaders",
    "encodesOutput",
    "handlesResourceConsumption",
    "hasAccessControl",
    "implementsAuthenticationScheme",
    "implementsServerSideValidation",
    "implementsStrictHTTPValidation",
    "invokesScriptFilters",
    "isHardened",
    "isResilient",
    "providesIntegrity",
    "usesCodeSigning",
    "validatesContentType",
    "validatesHeaders",
    "validatesInput",
    "providesConfidentiality",
    "authorizesSource",
):
    setattr(shop.controls, control, True)
shop.controls.usesEncryptionAlgorithm = "AES"
shop.controls.sanitizesInput = False  # the search builds its SQL from the request (BOOK-398)
shop.controls.usesStrongSessionIdentifiers = False  # the token comes from a predictable generator
store = Datastore("Ticket store", inBoundary=cloud, isSQL=False)
store.controls.isEncryptedAtRest = False
database = Datastore("Booking database", inBoundary=cloud, isSQL=True)
for element in (store, database):
    element.controls.handlesResourceConsumption = True
    element.controls.validatesInput = True
    element.controls.implementsPOLP = True
database.controls.hasAccessControl = True
database.controls.authorizesSource = True
database.controls.usesEncryptionAlgorithm = "AES"

ticket = Data(
    "Ticket PDF", description="Name, date of birth, plate and QR code", isPII=True, isStored=True
)
search = Data("Search terms", description="Port and sort key from the address")

ask = Dataflow(passenger, shop, "Searches sailings", protocol="HTTPS", data=search)
query = Dataflow(shop, database, "Queries sailings", protocol="SQL", data=search)
write = Dataflow(shop, store, "Stores the ticket", protocol="HTTPS", data=ticket)
link = Dataflow(passenger, store, "Opens the link in the mail", protocol="HTTP", data=ticket)

for flow in (ask, query, write):
    for control in (
        "authenticatesDestination",
        "checksDestinationRevocation",
        "implementsAuthenticationScheme",
        "implementsCommunicationProtocol",
        "isEncrypted",
        "providesIntegrity",
        "usesVPN",
    ):
        if hasattr(flow.controls, control):
            setattr(flow.controls, control, True)
    flow.usesVPN = True
    flow.tlsVersion = TLSVersion.TLSv13

if __name__ == "__main__":
    model.process()
